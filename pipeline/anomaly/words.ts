/** Text in both languages of the page. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

/** What every zone and every disturbance carries: the image shows an effect, and never its agent. */
export const VISIT: Words = { zh: '需实地核查', en: 'to be checked on the ground' };
