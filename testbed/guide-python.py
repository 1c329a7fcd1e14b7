"""Runs the Python blocks of docs/protocols.md against the names of the workflow kit that they import.

In (stdin, JSON): {"blocks": [source…], "cases": {class: [case…]}}. Out: {class: {case's name: [payload…]}}. Nothing is sent.
"""
import json
import sys
import types

sent = []
current = {}


class Named(type):
    def __getattr__(cls, name):
        return name


class CHANGE_TYPE(metaclass=Named):
    pass


class ProtocolResult:
    def __init__(self):
        self.status, self.narratives = None, []

    def add_narrative(self, narrative):
        self.narratives.append(narrative)


class ClinicalQualityMeasure:
    settings = {}


class FumageHelper:
    def __init__(self, settings):
        pass

    def read(self, resource, external_id):
        appointment = current['appointment']
        assert resource == 'Appointment' and external_id == appointment['externally_exposable_id']
        replaced = current['field_changes']['fields'].get('appointment_rescheduled_from_id')
        found = {
            'start': appointment['start_time'],
            'end': appointment['end_time'],
            'supportingInformation': [{'display': 'Previously Rescheduled Appointment'}] if replaced else [],
        }
        return types.SimpleNamespace(json=lambda: found)


def send_notification(url, payload={}, headers={}):
    sent.append(payload)


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)


statuses = {name: name for name in ('STATUS_DUE', 'STATUS_NOT_APPLICABLE', 'STATUS_SATISFIED')}
module('canvas_workflow_kit')
module('canvas_workflow_kit.protocol', ClinicalQualityMeasure=ClinicalQualityMeasure, ProtocolResult=ProtocolResult, **statuses)
module('canvas_workflow_kit.constants', CHANGE_TYPE=CHANGE_TYPE)
module('canvas_workflow_kit.utils', send_notification=send_notification)
module('canvas_workflow_kit.fhir', FumageHelper=FumageHelper)

given = json.load(sys.stdin)
names = {}
for source in given['blocks']:
    exec(compile(source, 'docs/protocols.md', 'exec'), names)

told = {}
for protocol, cases in given['cases'].items():
    told[protocol] = {}
    for case in cases:
        if case['change_type'] not in names[protocol].Meta.compute_on_change_types:
            continue
        current = case
        sent.clear()
        measure = names[protocol]()
        measure.field_changes = case['field_changes']
        measure.patient = types.SimpleNamespace(patient={'key': case['patient_key']}, appointments=case['appointments'])
        assert isinstance(measure.compute_results(), ProtocolResult)
        told[protocol][case['name']] = [json.loads(one) if isinstance(one, str) else dict(one) for one in sent]
json.dump(told, sys.stdout)
