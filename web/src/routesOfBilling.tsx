import { createRoute } from '@tanstack/react-router'
import { page, search, under } from './routeBase.tsx'

export const billing = [
  createRoute({
    getParentRoute: under,
    path: 'subscriptions',
    validateSearch: search('state', 'page'),
    component: page(() => import('./pages/billing/SubscriptionsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'subscriptions/new',
    validateSearch: search('customer'),
    component: page(() => import('./pages/billing/OrderPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'subscriptions/$id',
    validateSearch: search('tab', 'assume', 'until'),
    component: page(() => import('./pages/billing/SubscriptionPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'addons',
    validateSearch: search('page'),
    component: page(() => import('./pages/billing/AddonsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'coupons',
    validateSearch: search('page'),
    component: page(() => import('./pages/billing/CouponsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'billing-findings',
    validateSearch: search('state', 'kind', 'page'),
    component: page(() => import('./pages/billing/BillingFindingsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'disputes',
    validateSearch: search('page'),
    component: page(() => import('./pages/billing/DisputesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'invoices',
    validateSearch: search('status', 'dueBefore', 'page'),
    component: page(() => import('./pages/billing/InvoicesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'invoices/$id',
    component: page(() => import('./pages/billing/InvoicePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dunning',
    component: page(() => import('./pages/billing/DunningPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'billing-report',
    validateSearch: search('from', 'to'),
    component: page(() => import('./pages/billing/ReportPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'taxes',
    component: page(() => import('./pages/billing/TaxesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'payment-providers',
    component: page(() => import('./pages/billing/ProvidersPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'payment-providers/$id',
    component: page(() => import('./pages/billing/ProviderPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'plans',
    validateSearch: search('page'),
    component: page(() => import('./pages/billing/PlansPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'plans/new',
    component: page(() => import('./pages/billing/NewPlanPage.tsx')),
  }),
] as const
