package io.narthex.spi.config;

/**
 * A number of bytes, written {@code 512MB} and the like (powers of 1024).
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) {}
