package io.narthex.alerting;

import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.model.Labels;
import io.narthex.service.alerts.AlertmanagerService.RouteView;
import io.narthex.service.config.AlertmanagerConfig.Route;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A node of the routing tree, ready to match. Immutable. */
final class RouteNode {
  private final Route route;
  private final List<AlertMatcher> matchers;
  private final List<RouteNode> children;
  private final String key;
  private final String id;
  private final Set<String> groupBy;

  private RouteNode(Route route, String parentKey, String parentId, int index) {
    this.route = route;
    this.matchers = AlertMatcher.compile(route.matchers());
    String own =
        matchers.stream().map(AlertMatcher::toString).collect(Collectors.joining(",", "{", "}"));
    this.key = parentKey.isEmpty() ? "{}" : parentKey + "/" + own;
    this.id = parentKey.isEmpty() ? "{}" : parentId + "/" + own + "/" + index;
    this.groupBy = new HashSet<>(route.groupBy());
    List<RouteNode> nodes = new ArrayList<>();
    for (Route child : route.routes()) {
      nodes.add(new RouteNode(child, key, id, nodes.size()));
    }
    this.children = List.copyOf(nodes);
  }

  /** Returns the tree of a configuration. */
  static RouteNode root(Route route) {
    return new RouteNode(route, "", "", 0);
  }

  Route route() {
    return route;
  }

  /** Returns the route's part of group keys. */
  String key() {
    return key;
  }

  /** Returns an id that is unique within the tree. */
  String id() {
    return id;
  }

  List<RouteNode> children() {
    return children;
  }

  /** Returns the nodes that match an alert, in order; empty when this node does not match. */
  List<RouteNode> match(Labels labels) {
    if (!AlertMatcher.matchAll(matchers, labels)) {
      return List.of();
    }
    List<RouteNode> all = new ArrayList<>();
    for (RouteNode child : children) {
      List<RouteNode> matched = child.match(labels);
      all.addAll(matched);
      if (!matched.isEmpty() && !child.route.continues()) {
        break;
      }
    }
    return all.isEmpty() ? List.of(this) : all;
  }

  /** Returns the labels of the group that an alert belongs to. */
  Labels groupLabels(Labels labels) {
    return route.groupByAll() ? labels : labels.keep(groupBy);
  }

  RouteView view() {
    return new RouteView(
        key,
        id,
        route.receiver(),
        route.continues(),
        children.stream().map(RouteNode::view).toList());
  }
}
