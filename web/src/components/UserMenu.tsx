import { useNavigate } from '@tanstack/react-router'
import { CircleUserRound, LogOut, ShieldCheck } from 'lucide-react'
import type { Language } from '../../../shared/languages.ts'
import { t } from '../../../shared/text.ts'
import { chooseLanguage } from '../api/session.ts'
import { language, LANGUAGE_NAMES, setLanguage } from '../lib/language.ts'
import { paths } from '../paths.ts'
import { Button } from '../ui/Button.tsx'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../ui/Menu.tsx'
import { setTheme, useTheme, type Theme } from '../ui/theme.ts'
import { toast } from '../ui/Toast.tsx'
import { useSession } from './session.ts'
import { useLogOut } from './useLogOut.ts'

const THEME_NAMES: readonly (readonly [Theme, string])[] = [
  ['system', t`As the system`],
  ['light', t`Light`],
  ['dark', t`Dark`],
]

export function UserMenu() {
  const { me, tenant } = useSession()
  const theme = useTheme()
  const navigate = useNavigate()
  const leave = useLogOut()
  // Mails to him follow his choice; the pages do so even where that could not be kept.
  const choose = (chosen: Language) => {
    const kept = me.impersonation === null ? chooseLanguage(chosen) : Promise.resolve()
    void kept.catch(() => undefined).finally(() => setLanguage(chosen))
  }
  return (
    <Menu
      trigger={
        <Button variant="ghost" size="icon" aria-label={t`Account of ${me.user.email}`}>
          <CircleUserRound aria-hidden className="size-5" />
        </Button>
      }
    >
      <div className="px-2.5 py-2">
        <p className="font-semibold">{me.user.name}</p>
        <p className="text-[13px] text-muted">{me.user.email}</p>
        <p className="text-[13px] text-muted">{me.roles.map((role) => role.name).join(', ')}</p>
      </div>
      <MenuSeparator />
      <MenuChoice label="Theme" value={theme} options={THEME_NAMES} onChange={setTheme} />
      <MenuSeparator />
      <MenuChoice label="Language" value={language} options={LANGUAGE_NAMES} onChange={choose} />
      <MenuSeparator />
      <MenuItem onClick={() => void navigate(paths.security(tenant.slug))}>
        <ShieldCheck aria-hidden className="size-4" />
        My account
      </MenuItem>
      <MenuItem
        onClick={() =>
          leave.mutate(undefined, { onError: (error) => toast.failed(t`Not logged out`, error.message) })
        }
      >
        <LogOut aria-hidden className="size-4" />
        Log out
      </MenuItem>
    </Menu>
  )
}
