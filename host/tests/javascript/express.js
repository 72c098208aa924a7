'use strict';
// Express: routing, bodies of JSON, static files, errors, uploads.

const express = require('express');

const app = express();
app.get('/', (request, response) => response.send('hello from express'));
app.get('/users/:id', (request, response) => response.json({ id: request.params.id, query: request.query }));
app.post('/echo', express.json(), (request, response) => response.json(request.body));
app.post('/upload', (request, response) => {
  let length = 0;
  request.on('data', (chunk) => { length += chunk.length; });
  request.on('end', () => response.send(`received ${length}`));
});
app.use('/static', express.static(__dirname));
app.get('/boom', () => { throw new Error('boom'); });
app.use((error, request, response, next) => {
  if (response.headersSent) next(error); else response.status(500).json({ error: error.message });
});

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
