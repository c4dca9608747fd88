import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { logOut } from '../api/session.ts'
import { useSubmit } from '../api/submit.ts'
import { paths } from '../paths.ts'

/** Ends the session and leaves nothing of it in the tab. */
export function useLogOut() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useSubmit({
    send: logOut,
    sessionOnly: true,
    onDone: () => {
      void navigate(paths.login()).then(() => client.clear())
    },
  })
}
