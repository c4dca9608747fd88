import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import { locale } from '../../../lib/language.ts'
import { Button } from '../../../ui/Button.tsx'

const SHOWN = 50

type Set = { ttl: number; contents: string[] }
type Change = { name: string; type: string; before: Set | null; after: Set | null }

/** Sets of records before and after, those that go and those that come told apart by words as well as by colour. */
export function Changes({
  changes,
  words = { before: t`Before`, after: t`After` },
}: {
  changes: readonly Change[]
  words?: { before: string; after: string }
}) {
  // An import may change ten thousand of them.
  const [shown, setShown] = useState(SHOWN)
  return (
    <ul className="space-y-3">
      {changes.slice(0, shown).map(({ name, type, before, after }) => (
        <li key={`${name} ${type}`} className="min-w-0">
          <div className="font-medium break-all">
            {name.replace(/\.$/, '')} <span className="text-muted">{type}</span>
          </div>
          <dl className="mt-1 grid gap-2 sm:grid-cols-2">
            <Side label={words.before} value={before} />
            <Side label={words.after} value={after} />
          </dl>
        </li>
      ))}
      {changes.length > shown && (
        <li className="text-center">
          <Button size="sm" onClick={() => setShown(shown + SHOWN)}>
            Show more of {changes.length.toLocaleString(locale)}
          </Button>
        </li>
      )}
    </ul>
  )
}

function Side({ label, value }: { label: string; value: Set | null }) {
  return (
    <div className="min-w-0 rounded-md border border-line p-2">
      <dt className="text-[13px] text-muted">
        {label}
        {value && `, TTL ${value.ttl}`}
      </dt>
      <dd className="font-mono text-[13px] break-all">
        {value === null ? (
          <span className="font-sans text-muted">nothing</span>
        ) : (
          value.contents.map((content) => <div key={content}>{content}</div>)
        )}
      </dd>
    </div>
  )
}
