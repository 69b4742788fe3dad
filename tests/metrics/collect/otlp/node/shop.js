// A shop that is asked three times by itself, and ends.
const express = require('express')
const http = require('node:http')

const shop = express()
shop.use(express.json())
shop.get('/orders/:id', (request, response) => response.json({ id: request.params.id }))
shop.get('/broken', () => { throw new RangeError('no such shelf') })
shop.use((error, request, response, next) => response.status(500).json({}))

const ask = (port, path) => new Promise((answered, failed) =>
  http.get({ port, path, host: '127.0.0.1' }, response => response.resume().on('end', answered)).on('error', failed))

const server = shop.listen(0, '127.0.0.1', async () => {
  for (const path of ['/orders/17', '/orders/18', '/broken']) await ask(server.address().port, path)
  server.close()
})
