import { useEffect, type ReactNode } from 'react'

/** A page of somebody who need not be logged in. */
export function AuthFrame({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · mPanel`
  }, [title])
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-sm rounded-lg border border-line bg-surface p-6 shadow-pop sm:p-8">
        <div className="mb-6 flex items-center gap-3">
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <h1 className="text-xl font-semibold">{title}</h1>
        </div>
        <div className="space-y-4">{children}</div>
      </div>
    </main>
  )
}
