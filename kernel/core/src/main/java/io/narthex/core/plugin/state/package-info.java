/**
 * What is stored about plugins on disk: the jars that have run, decisions, quarantine, deaths, the
 * audit log.
 */
@NullMarked
package io.narthex.core.plugin.state;

import org.jspecify.annotations.NullMarked;
