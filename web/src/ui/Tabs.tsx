import { Tabs as Base } from '@base-ui/react/tabs'
import type { ReactNode } from 'react'

type Tab<T extends string> = { value: T; label: ReactNode; content: ReactNode }

/** The page keeps the chosen tab in its address. `false`: a tab that its user has no use for. */
export function Tabs<T extends string>({
  value,
  onChange,
  tabs: all,
}: {
  value: T
  onChange: (value: T) => void
  tabs: (Tab<T> | false)[]
}) {
  const tabs = all.filter((tab) => tab !== false)
  const shown = tabs.find((tab) => tab.value === value) ?? tabs[0]
  return (
    <Base.Root
      value={shown?.value}
      onValueChange={(chosen: string) => {
        const tab = tabs.find((candidate) => candidate.value === chosen)
        if (tab) onChange(tab.value)
      }}
    >
      <Base.List className="mb-3 flex gap-1 overflow-x-auto shadow-[inset_0_-1px_0_var(--color-line)]">
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className="border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap text-muted -outline-offset-2 hover:text-text data-active:border-accent data-active:text-text"
          >
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.value} value={tab.value} className="outline-offset-4">
          {tab.content}
        </Base.Panel>
      ))}
    </Base.Root>
  )
}
