/** Long lists of names read better as one line of text. */
export const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')
