/** A text without the slashes at its end; not by an expression, which may look at a long row of slashes again and again. */
export function withoutTrailingSlashes(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end--
  return text.slice(0, end)
}
