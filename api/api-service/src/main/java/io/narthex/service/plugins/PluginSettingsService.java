package io.narthex.service.plugins;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Settings of plugins, configuration blocks without a plugin, and data of removed plugins.
 * Thread-safe.
 */
@ProviderType
public interface PluginSettingsService {
  /**
   * Describes the settings of a running plugin, one entry for each provider.
   *
   * @return empty when no plugin of this id runs
   */
  List<ProviderSettings> describe(String pluginId);

  /** Returns the parts of the configuration that wait for a plugin, in the order of the files. */
  List<WaitingBlock> waiting();

  /** Returns what is kept of plugins that are not installed any more, by id. */
  List<Orphan> orphans();

  /**
   * Deletes what is kept of a plugin that is not installed: decisions of users, previous versions,
   * its own folder. Blocks in configuration files stay.
   *
   * @param actor who makes the change, for the audit log
   * @throws PluginService.PluginException when nothing is kept of such a plugin, or it is installed
   */
  void forget(String pluginId, String actor);

  /**
   * The settings of one provider.
   *
   * @param kind {@code discovery}, {@code exporter}, {@code notifier}, {@code storage} or {@code
   *     function}
   * @param type for example {@code slack}
   * @param location of its blocks, for example {@code alertmanager.yml:
   *     receivers[].slack_configs[]}
   * @param schema JSON Schema (draft 2020-12) of one block: maps, lists, strings, numbers,
   *     booleans; empty for functions, which have no settings
   * @param globalSchema the same of its keys in {@code global:} of {@code alertmanager.yml}, or
   *     null
   * @param table the keys of a block as a table in Markdown
   * @param globalTable the same of the keys in {@code global:}, or null
   */
  record ProviderSettings(
      String kind,
      String type,
      String where,
      Map<String, Object> schema,
      @Nullable Map<String, Object> globalSchema,
      String table,
      @Nullable String globalTable) {}

  /**
   * A part of the configuration that waits for a plugin.
   *
   * @param kind as in {@link ProviderSettings#kind()}
   * @param type the type that the plugin must provide
   * @param place file:line:column
   * @param block the waiting part, for example {@code job acme, acme_sd_configs[0]}
   * @param reason why it does not work
   */
  record WaitingBlock(String kind, String type, String place, String block, String reason) {}

  /**
   * What is kept of a plugin that is not installed. Immutable.
   *
   * @param id its id
   * @param version the version that ran last; empty when unknown
   * @param lastSeenMs when it was last installed, changed or removed, epoch milliseconds; 0 =
   *     unknown
   * @param provided what it provided, for example {@code notifier:acme}
   * @param blocks parts of the configuration that are for it
   * @param records decisions of users that apply again when it is installed: {@code stopped by
   *     you}, {@code version 1.0.0 by undo}
   * @param folders its own folders, absolute
   * @param keptVersions of jars kept for undo, newest first
   */
  record Orphan(
      String id,
      String version,
      long lastSeenMs,
      List<String> provided,
      List<WaitingBlock> blocks,
      List<String> records,
      List<String> folders,
      List<String> keptVersions) {
    /** Copies the lists. */
    public Orphan {
      provided = List.copyOf(provided);
      blocks = List.copyOf(blocks);
      records = List.copyOf(records);
      folders = List.copyOf(folders);
      keptVersions = List.copyOf(keptVersions);
    }
  }
}
