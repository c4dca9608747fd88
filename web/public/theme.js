// Sets the remembered theme before the first paint; src/ui/theme.ts is the other half.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('mpanel-theme')
  } catch {
    // Storage may be forbidden: then the system's theme holds.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
