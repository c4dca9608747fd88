import { useEffect, type ReactNode } from 'react'
import { language, LANGUAGE_NAMES, setLanguage } from '../lib/language.ts'

/** A page of somebody who need not be logged in. */
export function AuthFrame({
  title,
  heading = title,
  children,
}: {
  title: string
  heading?: string
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · mPanel`
  }, [title])
  return (
    <div className="flex min-h-dvh flex-col items-center justify-center p-4">
      <main className="w-full max-w-sm rounded-lg border border-line bg-surface p-6 shadow-pop sm:p-8">
        <div className="mb-6 flex items-center gap-3">
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <h1 className="text-xl font-semibold">{heading}</h1>
        </div>
        <div className="space-y-4">{children}</div>
      </main>
      <Languages />
    </div>
  )
}

/** The other languages, each in its own words: whoever cannot read this page finds theirs. */
function Languages() {
  return (
    <nav aria-label="Language" className="mt-4 flex gap-4 text-[13px]">
      {LANGUAGE_NAMES.filter(([one]) => one !== language).map(([one, name]) => (
        <button
          key={one}
          type="button"
          lang={one}
          className="text-muted underline"
          onClick={() => setLanguage(one)}
        >
          {name}
        </button>
      ))}
    </nav>
  )
}
