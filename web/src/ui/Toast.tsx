import { lazy, Suspense } from 'react'

/** Not needed to show a page, and not small: it comes after the page. */
const load = () => import('./Toasts.tsx')

async function add(notice: {
  title: string
  description: string | undefined
  type: string
  priority?: 'high'
  timeout?: number
}) {
  const { manager, shown } = await load()
  await shown
  manager.add(notice)
}

/** Says that something worked, or did not, where no form or page can show it. Announced by screen readers. */
export const toast = {
  done: (title: string, description?: string): void => void add({ title, description, type: 'done' }),
  failed: (title: string, description?: string): void =>
    void add({ title, description, type: 'failed', priority: 'high', timeout: 12_000 }),
}

const Later = lazy(load)

/** Where notices are shown. */
export function Toasts() {
  return (
    <Suspense fallback={null}>
      <Later />
    </Suspense>
  )
}
