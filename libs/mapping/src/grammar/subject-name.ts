/** Names of clusters and routes become parts of subjects, stream names and metric labels. */
const SUBJECT_NAME = /^[a-z][a-z0-9-]{0,62}$/;

export const SUBJECT_NAME_RULE = '1 to 63 of a-z, 0-9 and -, beginning with a letter';

export function isSubjectName(name: string): boolean {
  return SUBJECT_NAME.test(name);
}

/** A valid name made of an invalid one. */
export function subjectNameLike(name: string): string {
  const dashed = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return dashed.slice(0, 63) || 'main';
}
