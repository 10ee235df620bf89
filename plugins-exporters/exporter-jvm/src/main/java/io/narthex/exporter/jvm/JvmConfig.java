package io.narthex.exporter.jvm;

/** The block {@code exporters.jvm}; it has no keys. */
public record JvmConfig() {}
