package io.narthex.http.access;

import io.narthex.spi.config.ConfigException;
import java.util.function.UnaryOperator;
import org.osgi.service.component.annotations.Component;

/**
 * Checks a file of {@code --web.config.file} for {@code narthex check web-config}: takes its path,
 * returns the problem or the empty string.
 */
@Component(service = UnaryOperator.class, property = "narthex.check=web-config")
public final class WebConfigCheck implements UnaryOperator<String> {
  @Override
  public String apply(String path) {
    try {
      WebConfigFile unused = new WebConfigFile(path);
      return "";
    } catch (ConfigException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
