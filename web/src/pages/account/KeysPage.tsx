import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { ownKeysQuery } from '../../api/apiKeys.ts'
import { KeyActions } from '../../components/KeyActions.tsx'
import { KEY_COLUMNS } from '../../components/KeyColumns.tsx'
import { NewKeyDialog } from '../../components/KeyForm.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { AccountPage } from './AccountPage.tsx'

const route = getRouteApi('/t/$tenant/account/api-keys')

export default function KeysPage() {
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(ownKeysQuery({ cursor: cursorOf(page) }))
  const [making, setMaking] = useState(false)
  return (
    <AccountPage title="API keys">
      <Card
        flush
        title="Keys that act for you"
        actions={
          <Button size="sm" icon={<Plus aria-hidden className="size-4" />} onClick={() => setMaking(true)}>
            New key
          </Button>
        }
      >
        <List
          query={query}
          what="API keys"
          columns={[
            ...KEY_COLUMNS,
            { header: t`Actions`, narrow: true, render: (key) => <KeyActions own apiKey={key} /> },
          ]}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={KeyRound} title="No API keys">
              A key lets a program do some of what you may, until it ends or you revoke it.
            </EmptyState>
          }
        />
      </Card>
      {making && <NewKeyDialog account={null} onClose={() => setMaking(false)} />}
    </AccountPage>
  )
}
