import { fileURLToPath } from 'node:url';

/** The workspace these tests look at. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url));
