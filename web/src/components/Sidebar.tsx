import { Link } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { isOpen, NAVIGATION } from './navigation.ts'
import { useSession } from './session.ts'

/** Shows the places the user may read. `onNavigate` closes the drawer of small screens. */
export function Sidebar({ onNavigate }: { onNavigate?: () => void }) {
  const session = useSession()
  const { me, tenant } = session
  const branding = me.tenants.find((own) => own.id === tenant.id)?.branding
  return (
    <nav aria-label="Main" className="space-y-6 px-3 py-4">
      <Link
        to="/"
        className={clsx(
          'flex items-center gap-2.5 rounded-md px-2 text-base font-semibold',
          branding?.colour && 'py-2 text-white',
        )}
        style={branding?.colour ? { backgroundColor: branding.colour } : undefined}
        onClick={onNavigate}
      >
        {branding?.logo ? (
          <img src={branding.logo} alt="" className="h-7 max-w-24 shrink-0 object-contain" />
        ) : (
          !branding?.colour && <img src="/favicon.svg" alt="" width={24} height={24} />
        )}
        <span className="min-w-0 break-words">{branding?.name ?? 'mPanel'}</span>
      </Link>
      {NAVIGATION.map(({ title, places }) => {
        const readable = places.filter((place) => isOpen(place, session))
        if (readable.length === 0) return null
        return (
          <div key={title}>
            <p className="mb-1 px-2 text-xs font-semibold text-muted">{title}</p>
            <ul className="space-y-0.5">
              {readable.map(({ section, label, icon: Icon, to }) => (
                <li key={section}>
                  <Link
                    {...to(tenant.slug)}
                    activeOptions={{ includeSearch: false }}
                    onClick={onNavigate}
                    className={clsx(
                      'flex items-center gap-2.5 rounded-md px-2 py-1.5 hover:bg-raised',
                      'data-[status=active]:bg-accent-soft data-[status=active]:font-medium data-[status=active]:text-accent',
                    )}
                  >
                    <Icon aria-hidden className="size-4 shrink-0" />
                    {label}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        )
      })}
      {branding?.supportAddress && (
        <p className="px-2 text-[13px] text-muted">
          Help:{' '}
          <a className="break-all underline hover:text-text" href={`mailto:${branding.supportAddress}`}>
            {branding.supportAddress}
          </a>
        </p>
      )}
    </nav>
  )
}
