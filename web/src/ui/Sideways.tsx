import { useEffect, useRef, type ReactNode } from 'react'

/** Scrolls what is wider than the page, by the keyboard too: what scrolls and has nothing in it to step to is stepped to itself. */
export function Sideways({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const at = box.current
    if (!at) return undefined
    const observer = new ResizeObserver(() => {
      const alone = at.scrollWidth > at.clientWidth && !at.querySelector('a, button, input, select')
      if (alone) at.tabIndex = 0
      else at.removeAttribute('tabindex')
    })
    observer.observe(at)
    for (const child of at.children) observer.observe(child)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={box} className="overflow-x-auto">
      {children}
    </div>
  )
}
