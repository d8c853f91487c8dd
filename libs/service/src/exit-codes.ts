/** Exit codes of a service; those above 64 mean what sysexits.h says. */
export const exitCodes = {
  ok: 0,
  /** A defect or an unexpected failure (EX_SOFTWARE). */
  software: 70,
  /** Stopping took longer than allowed, something may not have been handed over (EX_TEMPFAIL). */
  stopTimeout: 75,
  /** Wrong settings (EX_CONFIG). */
  config: 78,
} as const;
