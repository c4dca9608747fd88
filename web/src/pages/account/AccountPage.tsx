import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'

/** A page of "My account", with the way to its others. */
export function AccountPage({ title, children }: { title: string; children: ReactNode }) {
  const { tenant } = useSession()
  const places = [
    [t`Security`, paths.security(tenant.slug)],
    [t`Sessions`, paths.sessions(tenant.slug)],
    [t`Login history`, paths.loginHistory(tenant.slug)],
    [t`API keys`, paths.ownApiKeys(tenant.slug)],
    [t`Access by operators`, paths.impersonations(tenant.slug)],
  ] as const
  return (
    <Page title={title}>
      <nav aria-label="My account" className="flex gap-1 overflow-x-auto border-b border-line">
        {places.map(([label, link]) => (
          <Link
            key={label}
            {...link}
            className="-mb-px border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap text-muted -outline-offset-2 hover:text-text aria-[current=page]:border-accent aria-[current=page]:text-text"
          >
            {label}
          </Link>
        ))}
      </nav>
      {children}
    </Page>
  )
}
