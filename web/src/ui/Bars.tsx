import type { ReactNode } from 'react'
import { locale } from '../lib/language.ts'
import type { Tone } from './Badge.tsx'

const FILLS: Record<Tone, string> = {
  neutral: 'fill-line-strong',
  info: 'fill-accent-fill',
  success: 'fill-success-text',
  warning: 'fill-warning-text',
  danger: 'fill-danger-fill',
}

/** How much of each: a table that is read aloud as it stands, with a bar beside each number for the eye. */
export function Bars({
  label,
  rows,
}: {
  label: string
  rows: readonly { name: string; label: ReactNode; value: number; tone?: Tone }[]
}) {
  const most = Math.max(1, ...rows.map(({ value }) => value))
  return (
    <table className="w-full table-fixed">
      <caption className="sr-only">{label}</caption>
      <tbody>
        {rows.map(({ name, label: text, value, tone = 'info' }) => (
          <tr key={name}>
            <th scope="row" className="w-2/5 py-1 pr-3 text-left font-normal break-words">
              {text}
            </th>
            <td className="py-1 whitespace-nowrap">
              <span className="inline-block w-16 pr-3 text-right align-middle font-medium tabular-nums">
                {value.toLocaleString(locale)}
              </span>
              <svg
                aria-hidden
                viewBox="0 0 100 8"
                preserveAspectRatio="none"
                className="inline-block h-2 w-[calc(100%-4rem)] align-middle"
              >
                <rect width={100} height={8} className="fill-neutral-soft" />
                <rect width={(value / most) * 100} height={8} className={FILLS[tone]} />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
