package io.acme.hostile;

import io.narthex.spi.config.Setting;

/** The block of all of them. */
public record HostileConfig(@Setting(help = "Address of a target") String address) {}
