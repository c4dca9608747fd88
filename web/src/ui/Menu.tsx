import { Menu as Base } from '@base-ui/react/menu'
import { Check } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'

const POPUP = 'z-50 min-w-52 rounded-lg border border-line-strong bg-surface p-1 shadow-pop outline-none'
const ITEM =
  'flex w-full items-center gap-2 rounded px-2.5 py-1.5 text-left outline-none select-none data-highlighted:bg-raised'

export function Menu({ trigger, children }: { trigger: ReactElement; children: ReactNode }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align="end" sideOffset={6} className="z-50">
          <Base.Popup className={POPUP}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

export function MenuItem({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <Base.Item className={ITEM} onClick={onClick}>
      {children}
    </Base.Item>
  )
}

/** One choice out of several; the menu stays open so that the effect can be seen. */
export function MenuChoice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: T
  options: readonly (readonly [value: T, label: string])[]
  onChange: (value: T) => void
}) {
  return (
    <Base.RadioGroup
      value={value}
      onValueChange={(chosen: string) => {
        const option = options.find(([name]) => name === chosen)
        if (option) onChange(option[0])
      }}
    >
      <Base.Group>
        <Base.GroupLabel className="px-2.5 pt-2 pb-1 text-xs font-semibold text-muted">
          {label}
        </Base.GroupLabel>
        {options.map(([name, text]) => (
          <Base.RadioItem key={name} value={name} className={ITEM}>
            <span className="flex-1">{text}</span>
            <Base.RadioItemIndicator>
              <Check aria-hidden className="size-4" />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.Group>
    </Base.RadioGroup>
  )
}

export function MenuSeparator() {
  return <Base.Separator className="my-1 h-px bg-line" />
}
