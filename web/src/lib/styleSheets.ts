function drop(sheet: CSSStyleSheet): void {
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
}

/**
 * Does something that writes its rules into `<style>` elements, which our content security policy refuses. Each that it
 * makes meanwhile is an element that shows nothing, and what is written into it, also later, the rules of a style sheet
 * of the document.
 * @returns what takes the rules away again
 */
export function withStyleSheets(work: () => void): () => void {
  const sheets: CSSStyleSheet[] = []
  const make = document.createElement.bind(document)
  const standIn = (): HTMLElement => {
    const [element, sheet] = [make('span'), new CSSStyleSheet()]
    element.hidden = true
    sheets.push(sheet)
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
    Object.defineProperty(element, 'textContent', {
      set: (rules: string) => {
        sheet.replaceSync(rules)
      },
    })
    return element
  }
  // For this call only: nothing else runs beside it, and what the prototype has is seen again afterwards.
  document.createElement = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name === 'style' ? standIn() : make(name, options)
  try {
    work()
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
  return () => sheets.forEach(drop)
}
