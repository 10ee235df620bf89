package io.narthex.core.settings;

import io.narthex.config.settings.JsonSchema;
import io.narthex.config.settings.SettingsTable;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.plugins.PluginSettingsService.ProviderSettings;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.storage.StorageProvider;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Describes the settings of a provider; keeps nothing of the plugin. */
public final class SettingsOf {
  private SettingsOf() {}

  /**
   * Describes a provider.
   *
   * @param sharedLink link to the keys of the HTTP client; null: they are listed in the table
   * @throws IllegalStateException when its record has components that cannot be bound
   */
  public static ProviderSettings provider(Provider provider, @Nullable String sharedLink) {
    String type = provider.type();
    Class<? extends Record> block = blockType(provider);
    Map<String, Object> schema = Map.of();
    Map<String, Object> globalSchema = null;
    String table = "It has no settings.\n";
    String globalTable = null;
    if (block != null) {
      Map<String, Object> more = new LinkedHashMap<>();
      table = SettingsTable.of(block, sharedLink);
      if (provider.service() instanceof NotifierProvider<?, ?> notifier) {
        boolean resolved = notifier.sendResolvedByDefault();
        more.put(
            "send_resolved",
            Map.of(
                "description",
                "Whether to notify about resolved alerts",
                "type",
                "boolean",
                "default",
                resolved));
        String row =
            SettingsTable.row(
                "`send_resolved`",
                "boolean",
                "",
                "`" + resolved + "`",
                "Whether to notify about resolved alerts");
        table = table.startsWith("|") ? table + row : SettingsTable.HEAD + row;
        Class<? extends Record> globals = notifier.globalConfigType();
        if (globals.getRecordComponents().length > 0) {
          globalSchema = JsonSchema.of(globals, type + ": keys in global", Map.of());
          globalTable = SettingsTable.of(globals, sharedLink);
        }
      }
      schema = JsonSchema.of(block, where(provider), more);
    }
    return new ProviderSettings(
        provider.kind().name().toLowerCase(Locale.ROOT),
        type,
        where(provider),
        schema,
        globalSchema,
        table,
        globalTable);
  }

  /** Returns the record of a provider's blocks, or null when it has none. */
  static @Nullable Class<? extends Record> blockType(Provider provider) {
    return switch (provider.service()) {
      case DiscoveryProvider<?> p -> p.configType();
      case ExporterProvider<?> p -> p.configType();
      case NotifierProvider<?, ?> p -> p.configType();
      case StorageProvider<?> p -> p.configType();
      default -> null;
    };
  }

  private static String where(Provider provider) {
    String type = provider.type();
    return switch (provider.kind()) {
      case DISCOVERY ->
          "prometheus.yml: "
              + (type.equals("static") ? "static_configs[]" : type + "_sd_configs[]");
      case NOTIFIER -> "alertmanager.yml: receivers[]." + type + "_configs[]";
      case EXPORTER -> "narthex.yml: exporters." + type;
      case STORAGE -> "narthex.yml: storage.settings, with storage.type: " + type;
      case FUNCTION -> "PromQL";
    };
  }
}
