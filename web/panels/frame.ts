import { signal } from '@preact/signals';

/** Whether the list is open where it is a drawer (tablet). */
export const drawer = signal(false);

/** How far the bottom sheet is up (phone). */
export type SheetStop = 'peek' | 'half' | 'full';
export const sheet = signal<SheetStop>('peek');

/** Whether the legend shows only its bar. */
export const legendFolded = signal(false);
