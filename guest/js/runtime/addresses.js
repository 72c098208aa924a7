'use strict';
// Addresses, and errors of the system about them.

const isIPv4 = (text) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && `${text}`.split('.').every((part) => part < 256);
const isIPv6 = (text) => typeof text === 'string' && text.includes(':') && /^[0-9a-f:.]+(%\w+)?$/i.test(text);
const isIP = (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);

function systemError(code, syscall, address, port) {
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${port}`}`;
  const error = Object.assign(new Error(`${syscall} ${code}${where}`), { code, syscall });
  if (address !== undefined) error.address = address;
  if (port !== undefined) error.port = port;
  return error;
}

module.exports = { isIP, isIPv4, isIPv6, systemError };
