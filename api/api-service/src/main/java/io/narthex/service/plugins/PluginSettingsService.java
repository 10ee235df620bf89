package io.narthex.service.plugins;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What plugins can be told in configuration, what of the configuration has no plugin, and what
 * removed plugins left. Thread-safe.
 */
@ProviderType
public interface PluginSettingsService {
  /**
   * Describes the settings of a plugin that runs, one entry for each provider.
   *
   * @return empty when no plugin of this id runs
   */
  List<ProviderSettings> describe(String pluginId);

  /** Returns the parts of the configuration that wait for a plugin, in the order of the files. */
  List<WaitingBlock> waiting();

  /** Returns what is kept of plugins that are not there any more, by id. */
  List<Orphan> orphans();

  /**
   * Deletes what is kept of a plugin that is not there: decisions of users, former versions, its
   * own folder. Blocks in configuration files stay.
   *
   * @param actor who asks, for the audit log
   * @throws PluginService.PluginException when there is no such plugin, or it is there
   */
  void forget(String pluginId, String actor);

  /**
   * The settings of one provider.
   *
   * @param kind {@code discovery}, {@code exporter}, {@code notifier}, {@code storage} or {@code
   *     function}
   * @param type for example {@code slack}
   * @param where its blocks stand, for example {@code alertmanager.yml:
   *     receivers[].slack_configs[]}
   * @param schema JSON Schema (draft 2020-12) of one block: maps, lists, texts, numbers, booleans;
   *     empty for functions, which have no settings
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
   * A part of the configuration that has no plugin.
   *
   * @param kind as in {@link ProviderSettings#kind()}
   * @param type what the plugin has to provide
   * @param place file:line:column
   * @param block what waits, for example {@code job acme, acme_sd_configs[0]}
   * @param reason why it does not work
   */
  record WaitingBlock(String kind, String type, String place, String block, String reason) {}

  /**
   * What is kept of a plugin that is not there.
   *
   * @param id its id
   * @param version that ran last; empty when not known
   * @param lastSeenMs when it was installed, changed or removed last, epoch milliseconds; 0 = not
   *     known
   * @param provided what it provided, for example {@code notifier:acme}
   * @param blocks parts of the configuration that are for it
   * @param records decisions of users that count again when it returns: {@code stopped by you},
   *     {@code version 1.0.0 by undo}
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
