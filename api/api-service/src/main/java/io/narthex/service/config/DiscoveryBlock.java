package io.narthex.service.config;

import io.narthex.spi.config.ConfigNode;

/**
 * One block of a {@code <type>_sd_configs} list (or of {@code static_configs}), unbound: the
 * plugin's record defines its keys.
 *
 * @param type for example {@code consul}
 * @param index index in its list, from 0
 */
public record DiscoveryBlock(String type, int index, ConfigNode node) {}
