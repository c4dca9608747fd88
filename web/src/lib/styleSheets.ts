function drop(sheet: CSSStyleSheet): void {
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
}

/**
 * A document for a library that writes its rules into `<style>` elements, which our content security policy refuses.
 * Each of these becomes an element that shows nothing, and its rules a style sheet of the document.
 */
export function documentWithStyleSheets(): { document: Document; dispose: () => void } {
  const sheets: CSSStyleSheet[] = []
  const standIn = (): HTMLElement => {
    const element = document.createElement('span')
    element.hidden = true
    const sheet = new CSSStyleSheet()
    sheets.push(sheet)
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
    Object.defineProperty(element, 'textContent', {
      set: (rules: string) => {
        sheet.replaceSync(rules)
      },
    })
    return element
  }
  const createElement = (name: string): HTMLElement =>
    name === 'style' ? standIn() : document.createElement(name)
  const proxy = new Proxy(document, {
    get(target, name) {
      if (name === 'createElement') return createElement
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
  return { document: proxy, dispose: () => sheets.forEach(drop) }
}
