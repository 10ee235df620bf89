package io.narthex.spi.config;

/**
 * A number of bytes, written for example {@code 512MB}; units are powers of 1024. Immutable.
 *
 * @param bytes at least 0; the host checks it when it binds a setting, the record does not
 */
public record ByteSize(long bytes) {}
