import { Link, type LinkProps } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { t } from '../../../shared/text.ts'
import { Button } from '../ui/Button.tsx'

/** The tags of something, each a link to everything that carries it. */
export function Tags({ tags, to }: { tags: readonly string[]; to: (tag: string) => LinkProps }) {
  return (
    tags.length > 0 && (
      <ul aria-label="Tags" className="flex flex-wrap gap-x-2 text-[13px] text-muted">
        {tags.map((tag) => (
          <li key={tag}>
            <Link {...to(tag)} className="hover:underline">
              #{tag}
            </Link>
          </li>
        ))}
      </ul>
    )
  )
}

/** Says that a list shows one tag only, and ends it. */
export function TagFilter({
  tag,
  what,
  onEnd,
}: {
  tag: string | undefined
  what: string
  onEnd: () => void
}) {
  return (
    tag && (
      <Button
        size="sm"
        icon={<X aria-hidden className="size-4" />}
        aria-label={t`Show ${what} with any tag, not only ${tag}`}
        onClick={onEnd}
      >
        #{tag}
      </Button>
    )
  )
}
