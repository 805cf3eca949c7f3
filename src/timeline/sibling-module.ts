/**
 * The module `name` beside the module at `url`, in the same form: TypeScript in a checkout, JavaScript once compiled,
 * CommonJS in the bundle. For what is started rather than imported, since the compiler rewrites imports only.
 */
export function siblingModule(url: string, name: string): URL {
  return new URL(`./${name}${/\.\w+$/.exec(url)?.[0]}`, url);
}
