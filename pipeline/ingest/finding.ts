import { type ErrorCode, HeituError, wordsOf } from '../core/error.ts';

/** `error` keeps a delivery out; `warning` says what was assumed or left out; `note` is for the record. */
export type Severity = 'note' | 'warning' | 'error';

/** One thing the door says of a delivery; its sentence and remedy are those of the code's row. */
export interface Finding {
  readonly code: ErrorCode;
  readonly severity: Severity;
  /** Relative to the delivery's folder. */
  readonly file: string;
  /** Element of a metadata file, by its own name. */
  readonly element: string | null;
  readonly what: string;
  /** Stands for the file in the sentence where the code's row wants something else there; null for the file itself. */
  readonly where: string | null;
}

/** A finding that keeps nothing out. */
export function remark(
  code: ErrorCode,
  severity: 'note' | 'warning',
  about: { readonly file: string; readonly what: string; readonly element?: string },
): Finding {
  return { code, severity, file: about.file, element: about.element ?? null, what: about.what, where: null };
}

/** Files that a finding may be about. */
interface Among {
  readonly folder: string;
  readonly image: string;
  readonly files: readonly string[];
}

/** What was thrown over a delivery as a finding; paths become relative to its folder, which is nobody's business outside. */
export function findingOf(error: HeituError, { folder, image, files }: Among): Finding {
  const { what = '', where, element } = error.details;
  // `.` and `/` stand in texts for other things than the folder.
  const inside = (text: string) =>
    folder.length < 2 ? text : text.replaceAll(`${folder}/`, '').replaceAll(folder, '.');
  const place = where === undefined ? null : inside(where);
  const isFile = place !== null && files.includes(place);
  return {
    code: error.code,
    severity: 'error',
    file: isFile ? place : image,
    element: element ?? null,
    what: inside(what),
    where: isFile ? null : place,
  };
}

/** What happened and what to do, in one language. */
export function sayFinding(
  { code, file, what, where }: Finding,
  language: 'zh' | 'en',
): { readonly message: string; readonly remedy: string } {
  return wordsOf(code, { what, where: where ?? file }, language);
}

/** The finding as an error, for who goes no further. */
export function errorOf({ code, file, what, where, element }: Finding): HeituError {
  return new HeituError(code, { where: where ?? file, what, ...(element === null ? {} : { element }) });
}
