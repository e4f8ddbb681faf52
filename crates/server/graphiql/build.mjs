// Writes GraphiQL as one gzipped HTML page that loads nothing from anywhere.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const html = renderGraphiQL({
  title: 'Plaudit',
  endpoint: '/graphql',
  // What each kind of user may ask.
  defaultTabs: ['member', 'analyst', 'admin'].map((user) => ({
    query: read(`examples/${user}.graphql`),
  })),
  // A token isn't kept: it goes with the tab of the browser.
  shouldPersistHeaders: false,
});

const root = '<div id="root"></div>';
if (!html.includes(root)) throw new Error('GraphiQL is another by now: where does the token go?');
const page = html.replace(root, () => read('token.html') + root);

const folder = new URL('../assets/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('graphiql.html.gz', folder), gzipSync(page.trimStart(), { level: 9 }));
