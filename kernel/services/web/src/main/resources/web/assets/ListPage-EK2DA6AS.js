import{ba as t,ja as o}from"./chunk-DAEH6VBU.js";function i(){return t(o,{title:"Dashboards"})}export{i as ListPage};
