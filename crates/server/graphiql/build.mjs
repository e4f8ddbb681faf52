// Writes GraphiQL as one gzipped HTML page that loads nothing from anywhere.
import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';

const folder = new URL('../assets/', import.meta.url);
const html = renderGraphiQL({
  title: 'Plaudit GraphiQL',
  endpoint: '/graphql',
  defaultQuery: '{\n  __typename\n}\n',
});
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('graphiql.html.gz', folder), gzipSync(html.trimStart(), { level: 9 }));
