// Koa, as an ES module.

import Koa from 'koa';

const app = new Koa();
app.use(async (context, next) => {
  await next();
  context.set('X-Served-By', 'koa');
});
app.use(async (context) => {
  if (context.path === '/json') context.body = { path: context.path };
  else if (context.path === '/boom') context.throw(418, 'boom');
  else context.body = 'hello from koa';
});

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
