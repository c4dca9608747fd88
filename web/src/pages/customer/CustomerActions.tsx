import { Link, useNavigate } from '@tanstack/react-router'
import { Ellipsis, Pencil, Plus } from 'lucide-react'
import { useState } from 'react'
import { canCustomer } from '../../../../shared/states/customer.ts'
import { t } from '../../../../shared/text.ts'
import { customerDataFile } from '../../api/customerMerge.ts'
import type { Customer } from '../../api/customers.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Menu, MenuItem, MenuSeparator } from '../../ui/Menu.tsx'
import { toast } from '../../ui/Toast.tsx'
import { CloseForm, EraseForm, ReopenForm } from './ClosingForms.tsx'

type Verdict = ReturnType<(typeof canCustomer)['close']>
const FORMS = {
  close: { title: t`Close the customer`, Form: CloseForm },
  reopen: { title: t`Reopen the customer`, Form: ReopenForm },
  erase: { title: t`Erase the personal data`, Form: EraseForm },
}

/** What can be done with a customer. What cannot be done now says why when it is chosen. */
export function CustomerActions({ customer }: { customer: Customer }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const [open, setOpen] = useState<keyof typeof FORMS | null>(null)
  const close = () => setOpen(null)
  const attempt =
    (permission: Parameters<typeof can>[0], verdict: Verdict | null, action: () => void) => () => {
      if (!can(permission, customer.tenantId)) toast.failed(t`Not possible`, NO_PERMISSION(permission))
      else if (verdict?.allowed === false) toast.failed(t`Not possible now`, verdict.reason)
      else action()
    }
  const shown = open && FORMS[open]
  return (
    <>
      {can('customers:update', customer.tenantId) && canCustomer.change(customer).allowed && (
        <Link {...paths.editCustomer(tenant.slug, customer.id)} className={buttonClass()}>
          <Pencil aria-hidden className="size-4" />
          Edit
        </Link>
      )}
      {can('subscriptions:write', customer.tenantId) && customer.state === 'active' && (
        <Link {...paths.order(tenant.slug, { customer: customer.id })} className={buttonClass('primary')}>
          <Plus aria-hidden className="size-4" />
          New subscription
        </Link>
      )}
      <Menu
        trigger={
          <Button
            icon={<Ellipsis aria-hidden className="size-4" />}
            aria-label="More actions for the customer"
          >
            More
          </Button>
        }
      >
        <MenuItem
          onClick={attempt(
            'customers:merge',
            canCustomer.merge(customer),
            () => void navigate(paths.mergeCustomer(tenant.slug, customer.id)),
          )}
        >
          Merge another customer into this one
        </MenuItem>
        <MenuItem
          onClick={attempt('customers:export', null, () =>
            window.location.assign(customerDataFile(customer.id)),
          )}
        >
          Export data
        </MenuItem>
        <MenuSeparator />
        {customer.state === 'closed' ? (
          <MenuItem
            onClick={attempt('customers:close', canCustomer.reopen(customer), () => setOpen('reopen'))}
          >
            Reopen
          </MenuItem>
        ) : (
          <MenuItem onClick={attempt('customers:close', canCustomer.close(customer), () => setOpen('close'))}>
            Close
          </MenuItem>
        )}
        <MenuItem onClick={attempt('customers:close', canCustomer.erase(customer), () => setOpen('erase'))}>
          Erase personal data
        </MenuItem>
      </Menu>
      <Dialog open={shown !== null} onClose={close} title={shown?.title ?? ''} wide>
        {shown && <shown.Form customer={customer} onClose={close} />}
      </Dialog>
    </>
  )
}
