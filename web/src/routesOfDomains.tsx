import { createRoute } from '@tanstack/react-router'
import { page, search, under } from './routeBase.tsx'

export const domains = [
  createRoute({
    getParentRoute: under,
    path: 'domains',
    validateSearch: search('q', 'verified', 'expiresBefore', 'page'),
    component: page(() => import('./pages/domain/DomainsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/search',
    validateSearch: search('words'),
    component: page(() => import('./pages/domain/DomainSearchPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/order',
    validateSearch: search('name', 'transfer'),
    component: page(() => import('./pages/domain/OrderDomainPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'registrars',
    validateSearch: search('page'),
    component: page(() => import('./pages/domain/RegistrarsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'registrars/new',
    component: page(() => import('./pages/domain/NewRegistrarPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'registrars/$id',
    component: page(() => import('./pages/domain/RegistrarPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/new',
    component: page(() => import('./pages/domain/NewDomainPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'domains/$id',
    validateSearch: search('tab'),
    component: page(() => import('./pages/domain/DomainPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dns-templates',
    validateSearch: search('page'),
    component: page(() => import('./pages/domain/dns/DnsTemplatesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dns-templates/new',
    component: page(() => import('./pages/domain/dns/NewDnsTemplatePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dns-templates/$id',
    component: page(() => import('./pages/domain/dns/DnsTemplatePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dns-servers',
    validateSearch: search('page'),
    component: page(() => import('./pages/domain/dns/DnsServersPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dns-servers/new',
    component: page(() => import('./pages/domain/dns/NewDnsServerPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'dns-servers/$id',
    component: page(() => import('./pages/domain/dns/DnsServerPage.tsx')),
  }),
] as const
