"""The manifests that are measured, written piece by piece: nothing here is ever all in memory."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = (
    "the name of a resource that holds what this field refers to and has to be there before it is used by "
    "any controller which watches objects in its namespace or cluster unless stated otherwise"
).split()


def write(file: Path, pieces: Iterator[str]) -> None:
    """All pieces into a file."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(pieces)


def release(count: int) -> Iterator[str]:
    """`count` resources as charts have them: every second a Service, then Deployments and ConfigMaps."""
    for number in range(count // 2):
        yield SERVICE.format(n=number)
        yield (DEPLOYMENT if number % 2 else CONFIG_MAP).format(n=number)


def definitions(count: int, size: int) -> Iterator[str]:
    """`count` CustomResourceDefinitions of `size` bytes, as operators have them: mostly descriptions."""
    source = random.Random(1)  # noqa: S311
    for number in range(count):
        text = DEFINITION.format(n=number)
        yield text
        left = size - len(text)
        field = 0
        while left > 0:
            text = "".join(_property(source, f"field{field}", 14, 5))
            yield text
            left -= len(text)
            field += 1


def _property(source: random.Random, name: str, indent: int, depth: int) -> Iterator[str]:
    pad = " " * indent
    yield f"{pad}{name}:\n{pad}  description: |-\n"
    for _ in range(source.randrange(1, 5)):
        yield f"{pad}    {' '.join(source.choices(WORDS, k=14)).capitalize()}.\n"
    if depth and source.randrange(3):
        yield f"{pad}  type: object\n{pad}  properties:\n"
        for child in range(source.randrange(1, 4)):
            yield from _property(source, f"child{child}", indent + 4, depth - 1)
    else:
        yield f"{pad}  type: string\n"


SERVICE = """\
---
# Source: shop/templates/service-{n}.yaml
apiVersion: v1
kind: Service
metadata:
  name: shop-{n}
  labels:
    app.kubernetes.io/name: shop
    app.kubernetes.io/instance: "demo-{n}"
    app.kubernetes.io/managed-by: Helm
spec:
  type: ClusterIP
  ports:
    - port: 80
      targetPort: http   # the container's
      protocol: TCP
      name: http
  selector:
    app.kubernetes.io/name: shop
    app.kubernetes.io/instance: "demo-{n}"
"""

DEPLOYMENT = """\
---
# Source: shop/templates/deployment-{n}.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-{n}
  labels:
    app.kubernetes.io/name: shop
    app.kubernetes.io/instance: "demo-{n}"
    app.kubernetes.io/managed-by: Helm
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: shop
      app.kubernetes.io/instance: "demo-{n}"
  template:
    metadata:
      labels:
        app.kubernetes.io/name: shop
        app.kubernetes.io/instance: "demo-{n}"
    spec:
      serviceAccountName: shop
      containers:
        - name: shop
          image: "registry.example.org/shop:1.10.{n}"
          imagePullPolicy: IfNotPresent
          args: ["--port=8080", "--verbose"]
          env:
            - name: SHOP_NAME
              value: "shop {n}"
            - name: SHOP_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: shop-{n}
                  key: password
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          livenessProbe:
            httpGet:
              path: /live
              port: http
          resources:
            limits: {{cpu: 500m, memory: 256Mi}}
            requests: {{cpu: 100m, memory: 128Mi}}
          volumeMounts:
            - name: settings
              mountPath: /etc/shop
      volumes:
        - name: settings
          configMap:
            name: shop-{n}
"""

CONFIG_MAP = """\
---
# Source: shop/templates/settings-{n}.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop-{n}
  labels:
    app.kubernetes.io/name: shop
data:
  shop.properties: |
    # of shop {n}
    currency = AUD
    country = AU

    shelves = 12
  mode: "on"
"""

DEFINITION = """\
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    controller-gen.kubebuilder.io/version: v0.17.2
  name: things{n}.example.org
  labels:
    app.kubernetes.io/name: shop
spec:
  group: example.org
  names: {{kind: Thing{n}, plural: things{n}, listKind: Thing{n}List, singular: thing{n}}}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
"""
