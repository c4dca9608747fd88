import { locale } from '../lib/language.ts'
import { t } from '../../../shared/text.ts'
import { Progress } from '../ui/Progress.tsx'

/** How much of something is taken, in words and as a bar that warns before it is full. Without a limit there is no bar. */
export function UsageBar({
  label,
  used,
  total,
  format = (amount) => amount.toLocaleString(locale),
}: {
  label: string
  used: number
  /** Null: without a limit. */
  total: number | null
  format?: (amount: number) => string
}) {
  if (total === null)
    return (
      <div className="flex flex-wrap justify-between gap-x-2 text-[13px]">
        <span>{label}</span>
        <span className="text-muted tabular-nums">{format(used)}, without a limit</span>
      </div>
    )
  const percent = total > 0 ? Math.round((used / total) * 100) : used > 0 ? 100 : 0
  return (
    <div>
      <div className="mb-1 flex flex-wrap justify-between gap-x-2 text-[13px]">
        <span>{label}</span>
        <span className="text-muted tabular-nums">
          {format(used)} of {format(total)}, {percent} %
        </span>
      </div>
      <Progress
        value={percent}
        label={t`${label}: ${format(used)} of ${format(total)}`}
        tone={percent >= 95 ? 'danger' : percent >= 80 ? 'warning' : 'accent'}
      />
    </div>
  )
}
