package io.narthex.spi.function;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A set of PromQL functions: the service a plugin registers. Stateless and thread-safe: queries run
 * concurrently. A running query finishes with the version it started with.
 */
@ConsumerType
public interface FunctionProvider {
  /** Returns the name of the set, for example {@code acme}: lower-case letters, digits and _. */
  String type();

  /**
   * Returns the functions, always the same ones. Names must differ from those of built-in functions
   * and of functions of other plugins.
   */
  List<PromqlFunction> functions();
}
