import { CSPProvider } from '@base-ui/react/csp-provider'
import { Tooltip } from '@base-ui/react/tooltip'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/queryClient.ts'
import { OPEN_PAGES, paths } from './paths.ts'
import { makeRouter } from './routes.tsx'
import { followSystem } from './ui/theme.ts'
import { Toasts } from './ui/Toast.tsx'
// oxlint-disable-next-line import/no-unassigned-import -- styles have nothing to assign
import './theme.css'

const queryClient = createQueryClient(() => {
  const { pathname, href } = router.state.location
  if (OPEN_PAGES.includes(pathname)) return
  queryClient.removeQueries({ queryKey: ['me'] })
  void router.navigate(paths.login(href === '/' ? {} : { return: href }))
})
const router = makeRouter(queryClient)

followSystem()
const container = document.getElementById('root')
if (container === null) throw new Error('index.html has no #root')
createRoot(container).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Tooltip.Provider>
          <RouterProvider router={router} />
          <Toasts />
        </Tooltip.Provider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
)
