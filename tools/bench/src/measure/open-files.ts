interface Report {
  userLimits?: { open_files?: { soft?: number | 'unlimited' } };
}

/** Open files that a process of this user may have, as Node sets it for itself at its start; Infinity if there is no limit. */
export function openFilesLimit(): number {
  const { userLimits } = process.report.getReport() as Report;
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity;
}
