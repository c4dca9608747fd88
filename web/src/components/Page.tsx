import { Link, type LinkProps } from '@tanstack/react-router'
import { ChevronRight, Lock } from 'lucide-react'
import { useEffect, useRef, type ReactNode } from 'react'
import type { Permission } from '../../../shared/permissions.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { NO_PERMISSION, useSession } from './session.ts'

export type Crumb = { label: string; link: LinkProps }

let arrivedBefore = false

/** The head and the body of a page, shown to those who have the permission. */
export function Page({
  title,
  crumbs = [],
  badge,
  actions,
  permission,
  ofPlatform = false,
  children,
}: {
  title: string
  crumbs?: Crumb[]
  badge?: ReactNode
  actions?: ReactNode
  /** Absent: everybody's own. */
  permission?: Permission
  /** The permission is needed on the platform, whatever tenant is chosen. */
  ofPlatform?: boolean
  children: ReactNode
}) {
  const { can } = useSession()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · mPanel`
  }, [title])
  useEffect(() => {
    // Who navigates by keyboard or ear continues at the new page's title; the first page keeps the skip link first.
    if (arrivedBefore) heading.current?.focus({ preventScroll: true })
    arrivedBefore = true
  }, [])
  const missing =
    permission !== undefined && !(ofPlatform ? can(permission, null) : can(permission))
      ? permission
      : undefined

  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-end justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          {crumbs.length > 0 && (
            <nav aria-label="Breadcrumb" className="mb-1">
              <ol className="flex flex-wrap items-center gap-1 text-[13px] text-muted">
                {crumbs.map(({ label, link }) => (
                  <li key={label} className="flex items-center gap-1">
                    <Link {...link} className="rounded hover:text-text hover:underline">
                      {label}
                    </Link>
                    <ChevronRight aria-hidden className="size-3.5" />
                  </li>
                ))}
              </ol>
            </nav>
          )}
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold break-words">
              {title}
            </h1>
            {badge}
          </div>
        </div>
        {missing === undefined && actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {missing === undefined ? (
        children
      ) : (
        <div className="rounded-lg border border-line bg-surface">
          <EmptyState icon={Lock} title="Not yours to see">
            {NO_PERMISSION(missing)} Ask an administrator to grant it.
          </EmptyState>
        </div>
      )}
    </div>
  )
}
