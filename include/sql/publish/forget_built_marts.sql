-- Recording a build again must not list its marts twice.
delete from audit.built_marts
where build_number = %(build_number)s
