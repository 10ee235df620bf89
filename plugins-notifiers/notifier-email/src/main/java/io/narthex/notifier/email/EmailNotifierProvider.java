package io.narthex.notifier.email;

import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.osgi.service.component.annotations.Component;

/** Offers the notifier type {@code email}. */
@Component(service = NotifierProvider.class)
public final class EmailNotifierProvider
    implements NotifierProvider<EmailConfig, EmailConfig.Globals> {
  @Override
  public String type() {
    return "email";
  }

  @Override
  public Class<EmailConfig> configType() {
    return EmailConfig.class;
  }

  @Override
  public Class<EmailConfig.Globals> globalConfigType() {
    return EmailConfig.Globals.class;
  }

  @Override
  public String templates() {
    String name = "email.tmpl";
    try (InputStream in = EmailNotifierProvider.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean sendResolvedByDefault() {
    return false;
  }

  @Override
  public Notifier open(EmailConfig config, EmailConfig.Globals globals, PluginContext context) {
    return new EmailNotifier(EmailSettings.of(config, globals), context);
  }

  @Override
  public EmailConfig effective(EmailConfig config, EmailConfig.Globals globals) {
    return EmailSettings.of(config, globals).config();
  }
}
