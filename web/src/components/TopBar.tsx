import { Dialog } from '@base-ui/react/dialog'
import { MenuIcon, Search, X } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { t } from '../../../shared/text.ts'
import { nowMs } from '../lib/now.ts'
import { Badge } from '../ui/Badge.tsx'
import { Button } from '../ui/Button.tsx'
import { Day } from '../ui/Time.tsx'
import { CommandPalette } from './CommandPalette.tsx'
import { ImpersonationBanner } from './ImpersonationBanner.tsx'
import { useSession } from './session.ts'
import { Sidebar } from './Sidebar.tsx'
import { UserMenu } from './UserMenu.tsx'

// Its search is large, and the page can be read meanwhile.
const TenantSwitcher = lazy(() => import('./TenantSwitcher.tsx'))

export function TopBar() {
  const { me, tenant } = useSession()
  const [paletteOpen, setPaletteOpen] = useState(false)
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-surface">
      <ImpersonationBanner />
      <div className="flex h-14 items-center gap-2 px-4 sm:px-6">
        <Drawer />
        <Suspense fallback={<span className="font-medium">{tenant.name}</span>}>
          <TenantSwitcher />
        </Suspense>
        <div className="flex-1" />
        {me.simulated.length > 0 && (
          <span className="hidden md:block">
            <Simulated />
          </span>
        )}
        <Button
          aria-keyshortcuts="Control+K Meta+K"
          onClick={() => setPaletteOpen(true)}
          icon={<Search aria-hidden className="size-4" />}
          className="px-2.5 font-normal text-muted sm:px-3 md:w-56 md:justify-start"
        >
          <span className="sr-only sm:not-sr-only md:flex-1 md:text-left">Search</span>
          <kbd aria-hidden className="hidden rounded border border-line px-1 font-sans text-xs sm:inline">
            Ctrl K
          </kbd>
        </Button>
        <UserMenu />
      </div>
      {me.simulated.length > 0 && (
        <div className="border-t border-line px-4 py-1.5 md:hidden">
          <Simulated />
        </div>
      )}
      <CommandPalette open={paletteOpen} onOpenChange={setPaletteOpen} />
    </header>
  )
}

/** What is simulated; where time is, too, and ahead, what time it is. */
function Simulated() {
  const { me } = useSession()
  return (
    <span className="flex flex-wrap gap-1 *:whitespace-normal md:justify-end">
      <SimulatedBadge systems={me.simulated} />
      {me.clock !== null && me.clock.aheadMs > 0 && (
        <Badge tone="warning">
          Simulated time: <Day date={new Date(nowMs()).toISOString()} />
        </Badge>
      )}
    </span>
  )
}

/** Those that have no name of their own. */
const SYSTEMS: Record<string, string> = { 'domain registry': t`Domain registry` }

function SimulatedBadge({ systems }: { systems: string[] }) {
  return (
    <Badge tone="warning">
      Simulated {systems.map((name) => SYSTEMS[name.toLowerCase()] ?? name).join(', ')}
    </Badge>
  )
}

/** The side bar of small screens. */
function Drawer() {
  const [open, setOpen] = useState(false)
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger
        render={<Button variant="ghost" size="icon" aria-label="Menu" className="-ml-2 lg:hidden" />}
      >
        <MenuIcon aria-hidden className="size-5" />
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Popup className="fixed inset-y-0 left-0 z-40 w-64 overflow-y-auto border-r border-line bg-surface outline-none">
          <Dialog.Title className="sr-only">Menu</Dialog.Title>
          <Dialog.Close
            render={
              <Button
                variant="ghost"
                size="icon"
                aria-label="Close the menu"
                className="absolute top-2.5 right-2"
              />
            }
          >
            <X aria-hidden className="size-4" />
          </Dialog.Close>
          <Sidebar onNavigate={() => setOpen(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
