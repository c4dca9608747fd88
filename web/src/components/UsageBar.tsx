import { Progress } from '../ui/Progress.tsx'

/** How much of something is taken, in words and as a bar that warns before it is full. */
export function UsageBar({
  label,
  used,
  total,
  format = (amount) => amount.toLocaleString(),
}: {
  label: string
  used: number
  total: number
  format?: (amount: number) => string
}) {
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
        label={`${label}: ${format(used)} of ${format(total)}`}
        tone={percent >= 95 ? 'danger' : percent >= 80 ? 'warning' : 'accent'}
      />
    </div>
  )
}
